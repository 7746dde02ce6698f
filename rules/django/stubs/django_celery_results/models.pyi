from django.db import models

class TaskResult(models.Model):
    task_id = models.CharField(max_length=255, unique=True)
    task_name = models.CharField(null=True, max_length=255)
    status = models.CharField(max_length=50)
    result = models.TextField(null=True)
    traceback = models.TextField(blank=True, null=True)
    meta = models.TextField(null=True)
    date_created = models.DateTimeField(auto_now_add=True)
    date_done = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "django_celery_results"
        ordering = ["-date_done"]
