"""Signing in with an account at another provider, by OpenID Connect: the authorization code flow with PKCE, and nothing else.

`begin` sends the visitor to the provider, `finish` reads what comes back and returns a `Claimed`: what the provider says of them, every
part of it checked. It signs nobody in and makes nobody fresh. `links` joins accounts there with people here.
"""

from buckler.accounts.providers.claimed import Claimed as Claimed
from buckler.accounts.providers.flow import begin as begin
from buckler.accounts.providers.flow import finish as finish
from buckler.accounts.providers.flow import named as named
from buckler.accounts.providers.provider import Provider as Provider
