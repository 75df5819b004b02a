"""Settings of the stock way: nothing but a channel layer, and no database that it could wait for."""

SECRET_KEY = "nothing is signed here"
ALLOWED_HOSTS = ["*"]
DATABASES: dict[str, object] = {}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
