-- Run by clients.py: opens a view with the shipped configuration, reads its findings, fixes one.

local function fail(message)
  io.stderr:write(message .. '\n')
  vim.cmd('cquit 1')
end

local function say(message) io.stdout:write(message .. '\n') end

local function wait(what, condition)
  if not vim.wait(30000, condition, 50) then
    fail('never happened: ' .. what .. '\n' .. vim.inspect(vim.diagnostic.get(0)))
  end
end

local function finding(word)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    if diagnostic.source == 'djperf' and diagnostic.code == 'DJP101' and diagnostic.message:find(word, 1, true) then
      return diagnostic
    end
  end
end

local function code_action(pattern)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action) return action.title:find(pattern, 1, true) ~= nil end,
  })
end

if not vim.env.STARTED_BY_HAND then vim.lsp.enable('djperf') end
vim.cmd.edit('catalog/views.py')
wait('a client', function() return #vim.lsp.get_clients({ bufnr = 0, name = 'djperf' }) == 1 end)
local client = vim.lsp.get_clients({ bufnr = 0, name = 'djperf' })[1]
if vim.fn.resolve(client.root_dir) ~= vim.fn.resolve(vim.fn.getcwd()) then
  fail('the root is ' .. tostring(client.root_dir))
end

wait('a finding', function() return finding('`category`') and finding('`owner`') end)
local found = finding('`category`')
say(('finding: %d:%d %s'):format(found.lnum + 1, found.col + 1, found.message))
vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
code_action('.select_related("category")')
wait('the fix', function()
  local line = vim.api.nvim_buf_get_lines(0, found.lnum, found.lnum + 1, true)[1]
  return line:find('order_by("pk").select_related("category")', 1, true)
end)
wait('that the finding goes', function() return not finding('`category`') and finding('`owner`') end)
say('fixed: ' .. vim.trim(vim.api.nvim_buf_get_lines(0, found.lnum, found.lnum + 1, true)[1]))

local owner = finding('`owner`')
vim.api.nvim_win_set_cursor(0, { owner.lnum + 1, owner.col })
local position = vim.lsp.util.make_position_params(0, client.offset_encoding)
local hover = client:request_sync('textDocument/hover', position, 10000, 0)
if not (hover and hover.result and hover.result.contents.value:find('DJP101', 1, true)) then
  fail('no hover: ' .. vim.inspect(hover))
end
say('hover: ' .. vim.split(hover.result.contents.value, '\n')[1])

-- The view is in memory only; the template is another document of the same server.
vim.cmd.edit('templates/catalog/product_list.html')
if vim.bo.filetype ~= 'htmldjango' then fail('the template is ' .. vim.bo.filetype) end
wait('the same client for the template', function()
  local clients = vim.lsp.get_clients({ bufnr = 0, name = 'djperf' })
  return #clients == 1 and clients[1].id == client.id
end)
vim.fn.setline(1, '{% extends "base.html" %}{# djperf: ignore[query-in-loop] #}')
wait('a finding in the template', function()
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    if diagnostic.code == 'DJP902' then return true end
  end
end)
say('template: DJP902')

client:stop()
wait('the end of the server', function() return client:is_stopped() end)
vim.cmd('qall!')
