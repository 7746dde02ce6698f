from django.db import models

class HistoricalRecords:
    def __init__(self, *args, **kwargs): ...

class HistoricalChanges:
    def diff_against(self, old_history): ...
