from django.conf import settings as django_settings
from django.contrib.sites.models import Site
from django.db import models

class SocialApp(models.Model):
    provider = models.CharField(max_length=30)
    provider_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=40)
    client_id = models.CharField(max_length=191)
    secret = models.CharField(max_length=191, blank=True)
    key = models.CharField(max_length=191, blank=True)
    settings = models.JSONField(blank=True)
    sites = models.ManyToManyField(Site, blank=True)

    class Meta:
        app_label = "socialaccount"

    def __str__(self):
        return self.name

class SocialAccount(models.Model):
    user = models.ForeignKey(django_settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    provider = models.CharField(max_length=200)
    uid = models.CharField(max_length=191)
    last_login = models.DateTimeField(auto_now=True)
    date_joined = models.DateTimeField(auto_now_add=True)
    extra_data = models.JSONField()

    class Meta:
        app_label = "socialaccount"
        unique_together = ("provider", "uid")

    def __str__(self):
        return str(self.user)

class SocialToken(models.Model):
    app = models.ForeignKey(SocialApp, on_delete=models.SET_NULL, blank=True, null=True)
    account = models.ForeignKey(SocialAccount, on_delete=models.CASCADE)
    token = models.TextField()
    token_secret = models.TextField(blank=True)
    expires_at = models.DateTimeField(blank=True, null=True)

    class Meta:
        app_label = "socialaccount"
        unique_together = ("app", "account")

    def __str__(self):
        return "%s (%s)" % (self.account, self.app)
