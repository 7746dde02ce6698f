from django.db import models

class SolarSchedule(models.Model):
    event = models.CharField(max_length=24)
    latitude = models.DecimalField(max_digits=9, decimal_places=6)
    longitude = models.DecimalField(max_digits=9, decimal_places=6)

    class Meta:
        app_label = "django_celery_beat"
        ordering = ("event", "latitude", "longitude")

class IntervalSchedule(models.Model):
    every = models.IntegerField()
    period = models.CharField(max_length=24)

    class Meta:
        app_label = "django_celery_beat"
        ordering = ["period", "every"]

    def __str__(self):
        return "every %s %s" % (self.every, self.period)

class ClockedSchedule(models.Model):
    clocked_time = models.DateTimeField()

    class Meta:
        app_label = "django_celery_beat"
        ordering = ["clocked_time"]

class CrontabSchedule(models.Model):
    minute = models.CharField(max_length=240, default="*")
    hour = models.CharField(max_length=96, default="*")
    day_of_month = models.CharField(max_length=124, default="*")
    month_of_year = models.CharField(max_length=64, default="*")
    day_of_week = models.CharField(max_length=64, default="*")
    timezone = models.CharField(max_length=63)

    class Meta:
        app_label = "django_celery_beat"

class PeriodicTasks(models.Model):
    ident = models.SmallIntegerField(primary_key=True)
    last_update = models.DateTimeField()

    class Meta:
        app_label = "django_celery_beat"

class PeriodicTask(models.Model):
    name = models.CharField(max_length=200, unique=True)
    task = models.CharField(max_length=200)
    interval = models.ForeignKey(IntervalSchedule, on_delete=models.CASCADE, null=True, blank=True)
    crontab = models.ForeignKey(CrontabSchedule, on_delete=models.CASCADE, null=True, blank=True)
    solar = models.ForeignKey(SolarSchedule, on_delete=models.CASCADE, null=True, blank=True)
    clocked = models.ForeignKey(ClockedSchedule, on_delete=models.CASCADE, null=True, blank=True)
    args = models.TextField(blank=True)
    kwargs = models.TextField(blank=True)
    queue = models.CharField(max_length=200, null=True, blank=True)
    enabled = models.BooleanField(default=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    total_run_count = models.PositiveIntegerField(default=0)
    description = models.TextField(blank=True)

    class Meta:
        app_label = "django_celery_beat"

    def __str__(self):
        if self.interval:
            return "%s: %s" % (self.name, self.interval)
        if self.crontab:
            return "%s: %s" % (self.name, self.crontab)
        if self.solar:
            return "%s: %s" % (self.name, self.solar)
        if self.clocked:
            return "%s: %s" % (self.name, self.clocked)
        return self.name
