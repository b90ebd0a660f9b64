"""Floor 1: starts an application over TLS, with settings that hold. Nothing is imported here: `serve` needs its extra."""
