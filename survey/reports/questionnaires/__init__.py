"""The pages of the questionnaires: the editor, its preview, and what was answered to the further questions.

They stand above the answers, so that they may count them; what they edit is in `survey/questionnaires`.
"""
