---@type vim.lsp.Config
return {
  cmd = { 'djperf', 'server' },
  filetypes = { 'python', 'html', 'htmldjango', 'jinja' },
  root_markers = { 'djperf.toml', 'pyproject.toml', 'manage.py', '.git' },
  init_options = { settings = {} },
}
