"""Every request that leaves the house goes through `outbound.client`; it imports no app."""
