"""ninja: the schemas it exports."""

from ninja.schema import ModelSchema, Schema
