"""State: pages from a cache, signed-in visitors on Redis, a stampede, and what every store can do."""
