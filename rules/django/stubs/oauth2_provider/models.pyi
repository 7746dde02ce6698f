from django.conf import settings
from django.db import models

class AbstractApplication(models.Model):
    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=100, unique=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        related_name="%(app_label)s_%(class)s",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
    )
    redirect_uris = models.TextField(blank=True)
    post_logout_redirect_uris = models.TextField(blank=True)
    client_type = models.CharField(max_length=32)
    authorization_grant_type = models.CharField(max_length=44)
    client_secret = models.CharField(max_length=255, blank=True, db_index=True)
    name = models.CharField(max_length=255, blank=True)
    skip_authorization = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    algorithm = models.CharField(max_length=5, blank=True)
    allowed_origins = models.TextField(blank=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.name or self.client_id

class Application(AbstractApplication):
    class Meta(AbstractApplication.Meta):
        app_label = "oauth2_provider"
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"

class AbstractGrant(models.Model):
    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="%(app_label)s_%(class)s"
    )
    code = models.CharField(max_length=255, unique=True)
    application = models.ForeignKey("oauth2_provider.Application", on_delete=models.CASCADE)
    expires = models.DateTimeField()
    redirect_uri = models.TextField()
    scope = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    claims = models.TextField(blank=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.code

class Grant(AbstractGrant):
    class Meta(AbstractGrant.Meta):
        app_label = "oauth2_provider"
        swappable = "OAUTH2_PROVIDER_GRANT_MODEL"

class AbstractAccessToken(models.Model):
    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        blank=True,
        null=True,
        related_name="%(app_label)s_%(class)s",
    )
    source_refresh_token = models.OneToOneField(
        "oauth2_provider.RefreshToken",
        on_delete=models.SET_NULL,
        blank=True,
        null=True,
        related_name="refreshed_access_token",
    )
    token = models.TextField()
    id_token = models.OneToOneField(
        "oauth2_provider.IDToken", on_delete=models.CASCADE, blank=True, null=True, related_name="access_token"
    )
    application = models.ForeignKey(
        "oauth2_provider.Application", on_delete=models.CASCADE, blank=True, null=True
    )
    expires = models.DateTimeField()
    scope = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.token

class AccessToken(AbstractAccessToken):
    class Meta(AbstractAccessToken.Meta):
        app_label = "oauth2_provider"
        swappable = "OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL"

class AbstractRefreshToken(models.Model):
    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="%(app_label)s_%(class)s"
    )
    token = models.CharField(max_length=255)
    application = models.ForeignKey("oauth2_provider.Application", on_delete=models.CASCADE)
    access_token = models.OneToOneField(
        "oauth2_provider.AccessToken",
        on_delete=models.SET_NULL,
        blank=True,
        null=True,
        related_name="refresh_token",
    )
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    revoked = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.token

class RefreshToken(AbstractRefreshToken):
    class Meta(AbstractRefreshToken.Meta):
        app_label = "oauth2_provider"
        swappable = "OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL"

class AbstractIDToken(models.Model):
    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        blank=True,
        null=True,
        related_name="%(app_label)s_%(class)s",
    )
    jti = models.UUIDField(unique=True)
    application = models.ForeignKey(
        "oauth2_provider.Application", on_delete=models.CASCADE, blank=True, null=True
    )
    expires = models.DateTimeField()
    scope = models.TextField(blank=True)

    class Meta:
        abstract = True

class IDToken(AbstractIDToken):
    class Meta(AbstractIDToken.Meta):
        app_label = "oauth2_provider"
        swappable = "OAUTH2_PROVIDER_ID_TOKEN_MODEL"
