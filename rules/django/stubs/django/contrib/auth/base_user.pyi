from django.db import models

class BaseUserManager(models.Manager):
    @classmethod
    def normalize_email(cls, email): ...
    def make_random_password(self, length=10): ...
    def get_by_natural_key(self, username):
        return self.get(username=username)

class AbstractBaseUser(models.Model):
    password = models.CharField(max_length=128)
    last_login = models.DateTimeField(blank=True, null=True)
    is_active = True

    class Meta:
        abstract = True

    def __str__(self):
        return self.get_username()

    def get_username(self):
        return self.username

    @property
    def is_anonymous(self):
        return not self

    @property
    def is_authenticated(self):
        return bool(self)

    def set_password(self, raw_password): ...
    def check_password(self, raw_password): ...
    def get_session_auth_hash(self): ...
