"""django.views: the names it exports."""

from django.views.generic.base import View
