"""django.forms: the names it exports."""

from django.forms.fields import ChoiceField, Field
from django.forms.forms import BaseForm, Form
from django.forms.models import (
    BaseInlineFormSet,
    BaseModelForm,
    BaseModelFormSet,
    ModelChoiceField,
    ModelForm,
    ModelMultipleChoiceField,
    inlineformset_factory,
    modelform_factory,
    modelformset_factory,
)
from django.forms.widgets import (
    CheckboxSelectMultiple,
    HiddenInput,
    MultipleHiddenInput,
    RadioSelect,
    Select,
    SelectMultiple,
    TextInput,
    Widget,
)
