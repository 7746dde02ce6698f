;;; eglot.el --- run by clients.py  -*- lexical-binding: t; -*-

;; Opens a view with the shipped configuration, reads its findings, fixes one.

(defun wait-for (what condition)
  "Let things happen until CONDITION is true; WHAT is what is waited for."
  (let ((until (+ (float-time) 30)) (result nil))
    (while (and (not (setq result (funcall condition))) (< (float-time) until))
      (accept-process-output nil 0.1))
    (or result (error "Never happened: %s\n%s" what (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))))

(defun finding (word)
  "The finding of Flymake that says WORD."
  ;; Changes are sent when somebody is idle, and nobody is that in batch mode.
  (eglot--signal-textDocument/didChange)
  (flymake-start)
  (seq-find (lambda (one) (string-match-p (regexp-quote word) (flymake-diagnostic-text one))) (flymake-diagnostics)))

(defun start-eglot ()
  "What `eglot-ensure' does as soon as Emacs has nothing else to do."
  (apply #'eglot--connect (eglot--guess-contact))
  (wait-for "a server" #'eglot-current-server)
  (flymake-mode 1))

(setq eglot-sync-connect 30 make-backup-files nil create-lockfiles nil eglot-confirm-server-initiated-edits nil)
(require 'djperf-eglot)
(when (getenv "BESIDE")
  (setq djperf-eglot-beside (list (split-string (getenv "BESIDE")))))

(find-file "catalog/views.py")
(when (getenv "BESIDE")
  (goto-char (point-min))
  (insert "import os\n"))
(start-eglot)

(let* ((one (wait-for "a finding" (lambda () (finding "`category`"))))
       (at (flymake-diagnostic-beg one)))
  (princ (format "finding: line %d %s\n" (line-number-at-pos at) (flymake-diagnostic-text one)))
  (when (getenv "BESIDE")
    (wait-for "what the server beside finds" (lambda () (finding "F401")))
    (princ "beside: F401\n"))
  (let* ((actions (eglot-code-actions at (flymake-diagnostic-end one) nil nil))
         (fix (seq-find (lambda (action)
                          (string-match-p "[aA]dd `?\\.select_related(\"category\")" (plist-get action :title)))
                        actions)))
    (unless fix (error "No fix: %S" actions))
    (eglot--apply-workspace-edit (plist-get fix :edit))
    (goto-char at)
    (unless (search-forward "order_by(\"pk\").select_related(\"category\")" (line-end-position) t)
      (error "Not fixed: %s" (thing-at-point 'line)))
    (princ (format "fixed: %s" (string-trim-left (thing-at-point 'line)))))
  (wait-for "that the finding goes" (lambda () (not (finding "`category`"))))
  (wait-for "that others stay" (lambda () (finding "`owner`"))))

(set-buffer-modified-p nil)
(eglot-shutdown (eglot-current-server) nil 10)

(find-file (expand-file-name "../templates/catalog/product_list.html"))
(start-eglot)
(goto-char (point-max))
(insert "{# djperf: ignore[query-in-loop] #}\n")
(wait-for "a finding in the template" (lambda () (finding "DJP902")))
(princ (format "template: DJP902 in %s\n" major-mode))
(set-buffer-modified-p nil)
(eglot-shutdown (eglot-current-server) nil 10)
;;; eglot.el ends here
