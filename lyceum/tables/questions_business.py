"""Questions about money, word of mouth, the community and satisfaction."""

from lyceum.tables import questions_money, questions_voices

QUESTIONS = (*questions_money.QUESTIONS, *questions_voices.QUESTIONS)
