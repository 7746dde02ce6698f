;;; lsp-mode.el --- run by clients.py  -*- lexical-binding: t; -*-

;; Opens a view with the shipped configuration, reads its findings, fixes one.

(setq make-backup-files nil create-lockfiles nil
      lsp-session-file (expand-file-name "lsp-session" temporary-file-directory)
      lsp-enable-file-watchers nil lsp-auto-guess-root t lsp-keep-workspace-alive nil
      lsp-diagnostics-provider :flymake lsp-restart 'ignore lsp-headerline-breadcrumb-enable nil
      lsp-enabled-clients '(djperf))
(require 'djperf-lsp)
(require 'flymake)

(defun wait-for (what condition)
  "Let things happen until CONDITION is true; WHAT is what is waited for."
  (let ((until (+ (float-time) 30)) (result nil))
    (while (and (not (setq result (funcall condition))) (< (float-time) until))
      (accept-process-output nil 0.1))
    (or result (error "Never happened: %s\n%S" what (lsp--get-buffer-diagnostics)))))

(defun finding (word)
  "What the server says with WORD of this buffer."
  (seq-find (lambda (one) (string-match-p (regexp-quote word) (lsp-get one :message)))
            (lsp--get-buffer-diagnostics)))

(find-file "catalog/views.py")
(lsp)
(wait-for "a server" #'lsp-workspaces)
(let* ((one (wait-for "a finding" (lambda () (finding "`category`"))))
       (start (lsp-get (lsp-get one :range) :start)))
  (princ (format "finding: line %d %s\n" (1+ (lsp-get start :line)) (lsp-get one :message)))
  (goto-char (lsp--position-to-point start))
  (let ((fix (seq-find (lambda (action)
                         (string-match-p "[aA]dd `?\\.select_related(\"category\")" (lsp-get action :title)))
                       (lsp-code-actions-at-point))))
    (unless fix (error "No fix: %S" (lsp-code-actions-at-point)))
    (lsp-execute-code-action fix))
  (unless (search-forward "order_by(\"pk\").select_related(\"category\")" (line-end-position) t)
    (error "Not fixed: %s" (thing-at-point 'line)))
  (princ (format "fixed: %s" (string-trim-left (thing-at-point 'line))))
  (wait-for "that the finding goes" (lambda () (not (finding "`category`"))))
  (wait-for "that others stay" (lambda () (finding "`owner`"))))
(set-buffer-modified-p nil)
(ignore-errors (lsp-workspace-shutdown (car (lsp-workspaces))))
;;; lsp-mode.el ends here
