"""Settings of a small public site whose pages have a sidebar."""

SECRET_KEY = "oracle"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "notes.urls"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "notes"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "notes.context.sidebar",
            ],
        },
    },
]
