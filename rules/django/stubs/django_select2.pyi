"""django_select2: the modules it exports."""

from django_select2 import forms
