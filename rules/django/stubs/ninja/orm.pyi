"""ninja.orm: the schema of a model, in 1.0 to 1.4."""

from ninja.schema import ModelSchema
