"""The read API: claims as they stood on any day as known on any day, and the log of their changes."""
