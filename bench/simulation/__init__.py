"""What one node was measured to do, carried over to a thousand: leases, invalidation, load shedding. See docs/scale.md."""
