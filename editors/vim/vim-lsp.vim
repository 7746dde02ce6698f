" djperf for vim-lsp: goes to ~/.vim/after/plugin/ or into the vimrc.
autocmd User lsp_setup call lsp#register_server({
  \ 'name': 'djperf',
  \ 'cmd': {server_info -> ['djperf', 'server']},
  \ 'allowlist': ['python', 'html', 'htmldjango', 'jinja'],
  \ 'root_uri': {server_info -> lsp#utils#path_to_uri(lsp#utils#find_nearest_parent_file_directory(
  \   lsp#utils#get_buffer_path(), ['djperf.toml', 'pyproject.toml', 'manage.py', '.git/']))},
  \ 'initialization_options': {'settings': {}},
  \ })
