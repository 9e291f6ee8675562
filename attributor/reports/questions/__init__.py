"""What programs ask, each question a form, each answer a document: the same for the API and for assistants."""
