from cms.models.placeholdermodel import Placeholder
from django.contrib.sites.models import Site
from django.db import models

class Page(models.Model):
    created_by = models.CharField(max_length=255, editable=False)
    changed_by = models.CharField(max_length=255, editable=False)
    creation_date = models.DateTimeField(auto_now_add=True)
    changed_date = models.DateTimeField(auto_now=True)
    reverse_id = models.CharField(max_length=40, db_index=True, blank=True, null=True)
    navigation_extenders = models.CharField(max_length=80, db_index=True, blank=True, null=True)
    login_required = models.BooleanField(default=False)
    is_home = models.BooleanField(editable=False, db_index=True, default=False)
    application_urls = models.CharField(max_length=200, blank=True, null=True, db_index=True)
    application_namespace = models.CharField(max_length=200, blank=True, null=True)

    class Meta:
        app_label = "cms"
