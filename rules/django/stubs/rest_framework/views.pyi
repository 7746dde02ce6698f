"""rest_framework.views, in 3.14 to 3.16."""

from django.views.generic.base import View


class APIView(View): ...
