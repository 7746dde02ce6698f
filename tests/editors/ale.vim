" Run by clients.py: opens a view in ALE with the shipped configuration, reads its findings, fixes one.

let s:ale = $ALE
execute 'set runtimepath^=' . s:ale
filetype plugin on
set nomore hidden noswapfile
let g:ale_linters = {'python': ['djperf'], 'htmldjango': ['djperf']}
let g:ale_lint_delay = 50
runtime! plugin/ale.vim
execute 'source ' . fnameescape($DJPERF_EDITORS . '/vim/ale.vim')

function! s:out(text) abort
  call writefile([a:text], $OUT, 'a')
endfunction

function! s:finding(word) abort
  for l:item in ale#engine#GetLoclist(bufnr(''))
    if l:item.linter_name is# 'djperf' && stridx(l:item.text, a:word) >= 0
      return l:item
    endif
  endfor
  return {}
endfunction

function! s:wait(what, condition) abort
  let l:tries = 0
  while !a:condition()
    let l:tries += 1
    if l:tries > 300
      call s:out('never happened: ' . a:what . ' ' . string(ale#engine#GetLoclist(bufnr(''))))
      cquit
    endif
    sleep 100m
  endwhile
endfunction

" Somebody who chooses the fix from ALE's list.
runtime autoload/ale/util.vim
function! ale#util#Input(message, value) abort
  let l:line = filter(split(a:message, "\n"), 'stridx(v:val, ".select_related(\"category\")") >= 0')
  return empty(l:line) ? '' : matchstr(l:line[0], '^\d\+')
endfunction

try
  edit catalog/views.py
  call s:wait('a finding', {-> !empty(s:finding('`category`')) && !empty(s:finding('`owner`'))})
  let s:found = s:finding('`category`')
  call s:out(printf('finding: %d:%d %s %s', s:found.lnum, s:found.col, get(s:found, 'code', ''), s:found.text))
  call cursor(s:found.lnum, s:found.col)
  ALECodeAction
  call s:wait('the fix', {-> stridx(getline(s:found.lnum), 'order_by("pk").select_related("category")') >= 0})
  call s:out('fixed: ' . trim(getline(s:found.lnum)))
  " Scripts have no main loop, which is what tells of changes.
  doautocmd TextChanged
  call s:wait('that the finding goes', {-> empty(s:finding('`category`')) && !empty(s:finding('`owner`'))})

  edit! templates/catalog/product_list.html
  call s:out('template: ' . &filetype)
  call setline(1, '{% extends "base.html" %}{# djperf: ignore[query-in-loop] #}')
  doautocmd TextChanged
  call s:wait('a finding in the template', {-> get(get(ale#engine#GetLoclist(bufnr('')), 0, {}), 'code', '') is# 'DJP902'})
  call s:out('template: DJP902')
  ALEStopAllLSPs
catch
  call s:out(v:exception . ' ' . v:throwpoint)
  cquit
endtry
qall!
