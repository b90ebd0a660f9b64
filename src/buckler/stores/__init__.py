"""Floor 1: where shared state lives. All of them keep the contract of `core.store`, and one test proves it for all."""
