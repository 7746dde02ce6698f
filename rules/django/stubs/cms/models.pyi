from cms.models.pluginmodel import CMSPlugin
from cms.models.pagemodel import Page
from cms.models.placeholdermodel import Placeholder
