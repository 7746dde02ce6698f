"""Requests through lists of middleware that keep a constraint, and that break it: what middleware.py compares.

Prints one JSON object: constraint -> "kept" and "broken" -> what was observed. Runs inside a virtual environment; the
argument is an empty directory.
"""

import json
import re
import sys
from pathlib import Path

import django
from django.conf import settings

FOLDER = Path(sys.argv[1])
sys.modules["stack"] = sys.modules[__name__]
settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="stack",
    USE_I18N=True,
    LANGUAGES=[("en", "en"), ("fr", "fr")],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "corsheaders",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    CORS_ALLOWED_ORIGINS=["https://x.org"],
    WHITENOISE_ROOT=str(FOLDER),
    STATIC_URL="static/",
    LOGGING_CONFIG=None,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.translation import get_language  # noqa: E402

AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"
CORS = "corsheaders.middleware.CorsMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
REMOTE = "django.contrib.auth.middleware.RemoteUserMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
WHITENOISE = "whitenoise.middleware.WhiteNoiseMiddleware"
APPEND, COUNT, READ = "stack.append", "stack.count", "stack.read_user"

PAGE = "<html><body>" + "a page of some length " * 200 + "</body></html>"
passed = []


# ------------------------------------------------------------- the project


def append(get_response):
    """Changes the body, as what minifies HTML or adds to it does."""

    def middleware(request):
        response = get_response(request)
        response.content += b"!!"
        return response

    return middleware


def count(get_response):
    def middleware(request):
        passed.append(request.path)
        return get_response(request)

    return middleware


def read_user(get_response):
    def middleware(request):
        bool(request.user.is_authenticated)
        return get_response(request)

    return middleware


def keep(request, name):
    request.session["name"] = name
    return HttpResponse("kept")


urlpatterns = [
    path("name", lambda request: HttpResponse(str(request.session.get("name")))),
    path("keep/<name>", keep),
    path("page", lambda request: HttpResponse(PAGE)),
    path("slash/", lambda request: HttpResponse(PAGE)),
    path("user", lambda request: HttpResponse(str(getattr(request, "user", None)))),
    path("language", lambda request: HttpResponse(get_language())),
    path("token", lambda request: HttpResponse(str(len(get_token(request))))),
]


def handler403(request, exception):
    return HttpResponse(str(len(get_token(request))), status=403)


# ---------------------------------------------------------- what is observed


def get(url, **headers):
    return Client().get(url, **headers)


def answer(url, **headers):
    return lambda: get(url, **headers).content.decode()[:60]


def names():
    """What two users see of the name that each of them gave."""
    first, second = Client(), Client()
    first.get("/keep/alice")
    second.get("/keep/bob")
    return [client.get("/name").content.decode() for client in (first, second)]


def languages():
    """What a visitor from England and then one from France see."""
    return [get("/language", HTTP_ACCEPT_LANGUAGE=code).content.decode() for code in ("en", "fr")]


def again():
    """The second request for a page that has not changed."""
    client = Client()
    tag = client.get("/page", HTTP_ACCEPT_ENCODING="gzip").headers.get("ETag", "")
    return client.get("/page", HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=tag).status_code


def compressions():
    """How often a page is compressed for two requests."""
    from django.middleware import gzip

    done, real = [], gzip.compress_string
    gzip.compress_string = lambda *args, **kwargs: (done.append(1), real(*args, **kwargs))[1]
    try:
        for _ in range(2):
            get("/page", HTTP_ACCEPT_ENCODING="gzip")
    finally:
        gzip.compress_string = real
    return len(done)


def hits():
    """Whether the second request gets to the view, as a function behind the cache counts it."""
    passed.clear()
    for _ in range(2):
        get("/page")
    return len(passed)


def length():
    response = get("/page")
    return int(response.headers["Content-Length"]) - len(response.content)


def end():
    return get("/page", HTTP_ACCEPT_ENCODING="gzip").content.endswith(b"!!")


def plain(url):
    """The status over plain HTTP, and the header over HTTPS."""

    def observe():
        return [get(url).status_code, Client().get(url, secure=True).headers.get("Strict-Transport-Security")]

    return observe


def first(url):
    """Where the first redirect leads over plain HTTP, and the header over HTTPS."""

    def observe():
        return [get(url).headers.get("Location"), Client().get(url, secure=True).headers.get("Strict-Transport-Security")]

    return observe


def queries(url):
    def observe():
        client = Client()
        client.force_login(User.objects.get(username="alice"))
        with CaptureQueriesContext(connection) as made:
            client.get(url)
        return len(made)

    return observe


def origin():
    response = get("/slash", HTTP_ORIGIN="https://x.org")
    return [response.status_code, response.headers.get("Access-Control-Allow-Origin")]


def sessions():
    """How many session objects one request makes."""
    from django.contrib.sessions.middleware import SessionMiddleware

    made, real = [], SessionMiddleware.process_request
    SessionMiddleware.process_request = lambda self, request: (made.append(1), real(self, request))[1]
    try:
        get("/page")
    finally:
        SessionMiddleware.process_request = real
    return len(made)


BOTS = [re.compile("^Bot")]
HTTPS = {"SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 60}
SECURED = {"SECURE_HSTS_SECONDS": 60}
# Constraint: a list that keeps it, one that breaks it, what is observed, settings.
EXPERIMENTS = {
    "session-before-auth": ([SESSION, AUTH], [AUTH, SESSION], answer("/user"), {}),
    "session-before-messages": ([SESSION, MESSAGES], [MESSAGES, SESSION], answer("/page"), {}),
    "auth-before-remoteuser": ([SESSION, AUTH, REMOTE], [SESSION, REMOTE, AUTH], answer("/user"), {}),
    "auth-before-loginrequired": (
        [SESSION, AUTH, LOGIN],
        [SESSION, LOGIN, AUTH],
        lambda: get("/user").status_code,
        {},
    ),
    "session-before-csrf-with-csrf-use-sessions": (
        [SESSION, CSRF],
        [CSRF, SESSION],
        answer("/token"),
        {"CSRF_USE_SESSIONS": True},
    ),
    "session-before-common-with-csrf-use-sessions": (
        [SESSION, COMMON, CSRF],
        [COMMON, SESSION, CSRF],
        lambda: get("/page", HTTP_USER_AGENT="Bot").status_code,
        {"CSRF_USE_SESSIONS": True, "DISALLOWED_USER_AGENTS": BOTS},
    ),
    "updatecache-before-vary-setters": ([UPDATE, SESSION, FETCH], [SESSION, UPDATE, FETCH], names, {}),
    "updatecache-before-gzip": ([UPDATE, GZIP, FETCH], [GZIP, UPDATE, FETCH], compressions, {}),
    "updatecache-before-fetchfromcache": ([UPDATE, SESSION, FETCH], [FETCH, SESSION, UPDATE], names, {}),
    "fetchfromcache-after-locale": ([UPDATE, LOCALE, FETCH], [UPDATE, FETCH, LOCALE], languages, {}),
    "fetchfromcache-after-session": ([UPDATE, SESSION, FETCH], [UPDATE, FETCH, SESSION], names, {}),
    "updatecache-needs-fetchfromcache": ([UPDATE, FETCH, COUNT], [UPDATE, COUNT], hits, {}),
    "gzip-before-body-readers": ([GZIP, APPEND], [APPEND, GZIP], end, {}),
    "gzip-before-conditionalget": ([GZIP, CONDITIONAL], [CONDITIONAL, GZIP], again, {}),
    "common-before-body-changers": ([COMMON, APPEND], [APPEND, COMMON], length, {}),
    "session-before-locale": (
        [SESSION, LOCALE],
        [LOCALE, SESSION],
        lambda: Client(headers={"cookie": "django_language=fr"}).get("/language").content.decode(),
        {},
    ),
    "security-before-www": ([SECURITY, COMMON], [COMMON, SECURITY], first("/page"), HTTPS | {"PREPEND_WWW": True}),
    "security-before-slash": ([SECURITY, COMMON], [COMMON, SECURITY], plain("/slash"), SECURED),
    "security-before-whitenoise": ([SECURITY, WHITENOISE], [WHITENOISE, SECURITY], plain("/file.txt"), HTTPS),
    "whitenoise-before-rest": (
        [WHITENOISE, SESSION, AUTH, READ],
        [SESSION, AUTH, READ, WHITENOISE],
        queries("/file.txt"),
        {},
    ),
    "cors-before-responders": ([CORS, COMMON], [COMMON, CORS], origin, {}),
    "no-duplicates": ([SESSION], [SESSION, SESSION], sessions, {}),
}


def observed(middleware, observe, changed):
    cache.clear()
    with override_settings(MIDDLEWARE=middleware, **changed):
        try:
            return observe()
        except Exception as error:  # noqa: BLE001
            return f"{type(error).__name__}"


def main():
    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_user("alice")
    (FOLDER / "file.txt").write_text("a static file")
    answers = {}
    for name, (kept, broken, observe, changed) in EXPERIMENTS.items():
        answers[name] = {
            "kept": observed(kept, observe, changed),
            "broken": observed(broken, observe, changed),
        }
    print(json.dumps(answers))


main()
