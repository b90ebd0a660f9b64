"""The features of browsers that ask a person for permission or reach hardware (W3C registry of policy-controlled features, 2026)."""

from __future__ import annotations

# Off unless allowed. Each is known to the browsers of today; the test in a real browser fails when one prints a warning.
POWERFUL = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip

# Left to the browser's own default, and only sent when named: ordinary pages use them.
ON_REQUEST = (
    "autoplay", "clipboard-read", "clipboard-write", "encrypted-media", "fullscreen", "gamepad", "picture-in-picture",
    "publickey-credentials-create", "publickey-credentials-get", "storage-access", "sync-xhr", "web-share",
)  # fmt: skip
