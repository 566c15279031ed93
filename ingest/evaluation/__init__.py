"""Measures what the service reads on files that people have labelled. docs/matching.md says what the files hold."""
