from django.conf import settings
from django.db import models

class UserSocialAuthManager(models.Manager):
    def get_social_auth(self, provider, uid): ...

class AbstractUserSocialAuth(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, related_name="social_auth", on_delete=models.CASCADE
    )
    provider = models.CharField(max_length=32)
    uid = models.CharField(max_length=255, db_index=True)
    extra_data = models.JSONField()
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    objects = UserSocialAuthManager()

    class Meta:
        abstract = True
        app_label = "social_django"

    def __str__(self):
        return str(self.user)

class UserSocialAuth(AbstractUserSocialAuth):
    class Meta:
        app_label = "social_django"
        db_table = "social_auth_usersocialauth"
        unique_together = ("provider", "uid")
