"""A shared HTTP cache by RFC 9111, in front of the application and behind the checks.

`rules` says what may be kept, `stored` is what is kept, `replies` turns it into answers, `turn` follows one request, `shared` is the
cache itself.
"""
