"""The installer's log: its last line always in sight, the whole of it behind a heading."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.setup import Setup
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.words import _
from keycel_shared import paths

_LINES = 10


class LogPart(QtWidgets.QWidget):
    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self._setup = setup
        self._length = 0
        self.last_line = QtWidgets.QLabel()
        self.heading = QtWidgets.QCheckBox(_("Show the log"))
        self.text = QtWidgets.QPlainTextEdit()
        self.copy_button = SnugButton(_("Copy"), _("Put the whole log on the clipboard"))
        self.open_button = SnugButton(_("Open"), _("Open the log's file with the system's own program"))
        self._lay_out()
        self.heading.toggled.connect(guarded(self._unfold))
        self.copy_button.clicked.connect(guarded(self._copy))
        self.open_button.clicked.connect(guarded(self._open))
        setup.log_grew.connect(self._show)
        self._unfold()
        self._show()

    def _lay_out(self) -> None:
        policy = QtWidgets.QSizePolicy.Policy
        self.last_line.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.last_line.setSizePolicy(policy.Ignored, policy.Fixed)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QtWidgets.QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFixedHeight(_LINES * self.fontMetrics().lineSpacing())
        self.text.setAccessibleName(_("Log of the installation"))
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.heading, 1)
        row.addWidget(self.copy_button)
        row.addWidget(self.open_button)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.last_line)
        column.addLayout(row)
        column.addWidget(self.text)

    @guarded_method
    def _show(self) -> None:
        """Only what is new is added: a log of thousands of lines is not laid out again and again."""
        log = self._setup.log
        if len(log) < self._length or not self._length:
            self.text.setPlainText(log)
        else:
            cursor = self.text.textCursor()
            cursor.movePosition(QtGui.QTextCursor.MoveOperation.End)
            cursor.insertText(log[self._length :])
        self._length = len(log)
        lines = [line.strip() for line in log[-2000:].splitlines() if line.strip()]
        self.last_line.setText(lines[-1] if lines else "")
        bar = self.text.verticalScrollBar()
        if bar is not None:
            bar.setValue(bar.maximum())

    def _unfold(self) -> None:
        for part in (self.text, self.copy_button, self.open_button):
            part.setVisible(self.heading.isChecked())

    def _copy(self) -> None:
        clipboard = QtWidgets.QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self._setup.log)

    def _open(self) -> None:
        QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(paths.setup_log_file())))
