"""The features of browsers that ask a person for permission or reach hardware (W3C registry of policy-controlled features, 2026)."""

from __future__ import annotations

# Off unless allowed. Each is known to Chromium 156: the browser test of the API docs fails when one prints a warning. Powerful, but
# deliberately not sent, because Chromium on Linux or in general does not know the name: ambient-light-sensor, battery, bluetooth.
POWERFUL = (
    "accelerometer", "camera", "digital-credentials-get", "display-capture", "geolocation", "gyroscope", "hid", "idle-detection",
    "local-fonts", "local-network-access", "magnetometer", "microphone", "midi", "otp-credentials", "payment", "screen-wake-lock",
    "serial", "speaker-selection", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip

# Left to the browser's own default, and only sent when named: ordinary pages use them, or not every browser knows them.
ON_REQUEST = (
    "autoplay", "bluetooth", "captured-surface-control", "clipboard-read", "clipboard-write", "compute-pressure",
    "cross-origin-isolated", "digital-credentials-create", "encrypted-media", "fullscreen", "gamepad", "identity-credentials-get",
    "keyboard-map", "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get", "storage-access", "sync-xhr",
    "unload", "web-share",
)  # fmt: skip
