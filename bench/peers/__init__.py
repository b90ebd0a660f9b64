"""One module a row: every application answers `GET /` with the same bytes, and takes `POST /`.

Every one of them is told that the client came by HTTPS (`tls_in_front`), as behind a proxy that ends TLS: so that everything which
depends on the scheme (HSTS, redirects, secure cookies) does its whole work, while plain HTTP on loopback keeps the cost of TLS out
of every row alike.
"""
