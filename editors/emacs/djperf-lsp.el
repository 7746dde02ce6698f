;;; djperf-lsp.el --- djperf as a server of lsp-mode  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1") (lsp-mode "8.0.0"))

;;; Commentary:

;; Runs beside pyright, ruff and others.

;;; Code:

(require 'lsp-mode)

(defgroup djperf-lsp nil
  "Performance problems of Django projects."
  :group 'lsp-mode)

(defcustom djperf-lsp-command '("djperf" "server")
  "The command that starts djperf."
  :type '(repeat string))

(defcustom djperf-lsp-settings nil
  "Settings of djperf, as a property list such as (:codeLens :json-false)."
  :type 'plist)

(add-to-list 'lsp-language-id-configuration '(jinja2-mode . "jinja"))

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection (lambda () djperf-lsp-command))
  :activation-fn (lsp-activate-on "python" "html" "jinja")
  :server-id 'djperf
  :add-on? t
  :priority -1
  :initialization-options
  (lambda () (list :settings (or djperf-lsp-settings (make-hash-table))))))

(provide 'djperf-lsp)
;;; djperf-lsp.el ends here
