"""The intermediate representation: types, operations, text form, verifier, interpreters."""
