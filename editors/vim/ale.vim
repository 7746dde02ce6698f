" djperf for ALE: goes to ~/.vim/after/plugin/, where ALE is loaded already.
if !exists(':ALELint')
  finish
endif

function! s:root(buffer) abort
  for l:marker in ['djperf.toml', 'pyproject.toml', 'manage.py']
    let l:found = ale#path#FindNearestFile(a:buffer, l:marker)
    if !empty(l:found)
      return fnamemodify(l:found, ':h')
    endif
  endfor
  let l:git = ale#path#FindNearestDirectory(a:buffer, '.git')
  return empty(l:git) ? expand('#' . a:buffer . ':p:h') : fnamemodify(l:git, ':h:h')
endfunction

for s:filetype in ['python', 'html', 'htmldjango', 'jinja']
  call ale#linter#Define(s:filetype, {
  \   'name': 'djperf',
  \   'lsp': 'stdio',
  \   'executable': {buffer -> get(g:, 'ale_djperf_executable', 'djperf')},
  \   'command': '%e server',
  \   'project_root': function('s:root'),
  \   'initialization_options': {buffer -> {'settings': get(g:, 'ale_djperf_settings', {})}},
  \})
endfor
