;;; djperf-eglot.el --- djperf as a server of Eglot  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1") (eglot "1.9"))

;;; Commentary:

;; Eglot runs one server for a buffer.  When `djperf-eglot-beside' names others, all of them run behind the
;; multiplexer `rass'.

;;; Code:

(require 'eglot)

(defgroup djperf-eglot nil
  "Performance problems of Django projects."
  :group 'eglot)

(defcustom djperf-eglot-command '("djperf" "server")
  "The command that starts djperf."
  :type '(repeat string))

(defcustom djperf-eglot-beside nil
  "Commands of other servers for Python, each a list of strings.
They need the program `rass' (pip install rassumfrassum)."
  :type '(repeat (repeat string)))

(defcustom djperf-eglot-settings nil
  "Settings of djperf, as a property list such as (:codeLens :json-false)."
  :type 'plist)

(defun djperf-eglot-alone (&rest _)
  "What Eglot starts for templates."
  (append djperf-eglot-command
          (and djperf-eglot-settings
               (list :initializationOptions (list :settings djperf-eglot-settings)))))

(defun djperf-eglot-python (&rest _)
  "What Eglot starts for Python."
  (if (null djperf-eglot-beside)
      (djperf-eglot-alone)
    (append (list "rass")
            (mapcan (lambda (command) (cons "--" command))
                    (append (mapcar #'copy-sequence djperf-eglot-beside)
                            (list (copy-sequence djperf-eglot-command))))
            (and djperf-eglot-settings
                 (list :initializationOptions
                       (list :rass (list :djperf (list :settings djperf-eglot-settings))))))))

(add-to-list 'eglot-server-programs '((python-mode python-ts-mode) . djperf-eglot-python))
(add-to-list 'eglot-server-programs
             '(((web-mode :language-id "html") (mhtml-mode :language-id "html")
                (html-mode :language-id "html") (html-ts-mode :language-id "html")
                (jinja2-mode :language-id "jinja"))
               . djperf-eglot-alone))

(provide 'djperf-eglot)
;;; djperf-eglot.el ends here
