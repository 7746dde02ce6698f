"""import_export: the modules it exports."""

from import_export import fields, resources, widgets
