from django.conf import settings
from django.db import models

class CurrentSiteManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(site__id=settings.SITE_ID)
