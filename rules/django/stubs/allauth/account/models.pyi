from django.conf import settings
from django.db import models

class EmailAddressManager(models.Manager):
    def get_primary(self, user): ...
    def get_users_for(self, email): ...

class EmailAddress(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    email = models.EmailField(db_index=True)
    verified = models.BooleanField(default=False)
    primary = models.BooleanField(default=False)

    objects = EmailAddressManager()

    class Meta:
        app_label = "account"

    def __str__(self):
        return self.email

class EmailConfirmation(models.Model):
    email_address = models.ForeignKey(EmailAddress, on_delete=models.CASCADE)
    created = models.DateTimeField()
    sent = models.DateTimeField(null=True)
    key = models.CharField(max_length=64, unique=True)

    class Meta:
        app_label = "account"

    def __str__(self):
        return "confirmation for %s" % self.email_address
