"""The tables of grants, one module per idea, one function per question.

versions   grants and the permits that reads join        sources   where personal data are
papers     what was shown, and the keys of receipts      offices   who acts under laws, and what is known of such grants
"""
