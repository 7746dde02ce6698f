from django.db import models


class Tag(models.Model):
    name = models.CharField(max_length=40)


class Writer(models.Model):
    name = models.CharField(max_length=40)


class Note(models.Model):
    title = models.CharField(max_length=80)
    published = models.BooleanField(default=True)
    seen = models.PositiveIntegerField(default=0)
    writer = models.ForeignKey(Writer, models.CASCADE, related_name="notes")
    tags = models.ManyToManyField(Tag, related_name="notes")

    @property
    def newest_reply(self):
        return self.replies.order_by("-pk").first()


class Reply(models.Model):
    note = models.ForeignKey(Note, models.CASCADE, related_name="replies")
    text = models.CharField(max_length=200)
