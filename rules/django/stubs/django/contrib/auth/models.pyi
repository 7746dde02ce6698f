from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.contenttypes.models import ContentType
from django.db import models

class PermissionManager(models.Manager): ...

class Permission(models.Model):
    name = models.CharField(max_length=255)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    codename = models.CharField(max_length=100)

    objects = PermissionManager()

    class Meta:
        app_label = "auth"
        unique_together = [["content_type", "codename"]]
        ordering = ["content_type__app_label", "content_type__model", "codename"]

    def __str__(self):
        return "%s | %s" % (self.content_type, self.name)

    def natural_key(self):
        return (self.codename,) + self.content_type.natural_key()

class GroupManager(models.Manager): ...

class Group(models.Model):
    name = models.CharField(max_length=150, unique=True)
    permissions = models.ManyToManyField(Permission, blank=True)

    objects = GroupManager()

    class Meta:
        app_label = "auth"

    def __str__(self):
        return self.name

class UserManager(BaseUserManager):
    def create_user(self, username, email=None, password=None, **extra_fields): ...
    def create_superuser(self, username, email=None, password=None, **extra_fields): ...
    def with_perm(self, perm, is_active=True, include_superusers=True, backend=None, obj=None):
        return self.all()

class PermissionsMixin(models.Model):
    is_superuser = models.BooleanField(default=False)
    groups = models.ManyToManyField(
        Group, blank=True, related_name="user_set", related_query_name="user"
    )
    user_permissions = models.ManyToManyField(
        Permission, blank=True, related_name="user_set", related_query_name="user"
    )

    class Meta:
        abstract = True

    def get_user_permissions(self, obj=None): ...
    def get_group_permissions(self, obj=None): ...
    def get_all_permissions(self, obj=None): ...
    def has_perm(self, perm, obj=None): ...
    def has_perms(self, perm_list, obj=None): ...
    def has_module_perms(self, app_label): ...

class AbstractUser(AbstractBaseUser, PermissionsMixin):
    username = models.CharField(max_length=150, unique=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField()

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        abstract = True

    def get_full_name(self):
        return "%s %s" % (self.first_name, self.last_name)

    def get_short_name(self):
        return self.first_name

    def email_user(self, subject, message, from_email=None, **kwargs): ...

class User(AbstractUser):
    class Meta(AbstractUser.Meta):
        app_label = "auth"
        swappable = "AUTH_USER_MODEL"

class AnonymousUser:
    id = None
    pk = None
    username = ""
