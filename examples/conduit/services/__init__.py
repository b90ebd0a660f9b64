"""What Conduit does, said once. API and site both come here; each function takes a session and says who asks."""
