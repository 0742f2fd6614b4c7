//! Sentences of everyday words: taken for a code where somebody asks for an explanation, and passed over in a log.

use super::Row;

/// In the order of their families.
#[rustfmt::skip]
pub(super) const EVERYDAY: &[Row] = &[
    ("an operation is pending", "PENDING"),
    ("the request has timed out", "ERROR_REQUEST_TIMEOUT"),
    ("the line is busy", "ERROR_LINE_BUSY"),
    ("there was no answer", "ERROR_NO_ANSWER"),
    ("there was an unknown error", "ERROR_UNKNOWN"),
    ("the connection was terminated", "ERROR_NO_CONNECTION"),
    ("the connection was dropped", "ERROR_NO_CONNECTION"),
    ("the remote computer did not respond", "ERROR_NO_ANSWER"),
    ("password must be changed", "NPS reason 33"),
    ("access was denied", "ERROR_ACCESS_DENIED"),
    ("the parameter is incorrect", "ERROR_INVALID_PARAMETER"),
    ("element not found", "ERROR_NOT_FOUND"),
    ("the request was aborted", "ERROR_REQUEST_ABORTED"),
    ("wrong password", "ERROR_AUTHENTICATION_FAILURE"),
    ("wrong user name or password", "ERROR_AUTHENTICATION_FAILURE"),
    ("password is wrong", "ERROR_AUTHENTICATION_FAILURE"),
    ("incorrect password", "ERROR_AUTHENTICATION_FAILURE"),
    ("invalid password", "ERROR_AUTHENTICATION_FAILURE"),
    ("account locked out", "ERROR_ACCOUNT_LOCKED_OUT"),
    ("user account restriction", "ERROR_ACCOUNT_RESTRICTION"),
    ("the operation timed out", "ERROR_WINHTTP_TIMEOUT"),
    ("the url is invalid", "ERROR_WINHTTP_INVALID_URL"),
    ("the logon attempt failed", "SEC_E_LOGON_DENIED"),
    ("invalid signature", "NTE_BAD_SIGNATURE"),
    ("key does not exist", "NTE_NO_KEY"),
    ("object was not found", "NTE_NOT_FOUND"),
];
