"""Accounts beside their peers: what time tells about who is registered, what a flood of sign-ins does to other pages, what proof costs."""
