import type { Meaning } from './lexicon.ts'

const more = (factor = 1): Meaning => ({ is: 'direction', sign: 1, factor, verb: 'comparing' })
const up = (factor = 1): Meaning => ({ is: 'direction', sign: 1, factor, verb: 'changing' })
const less = (factor = 1): Meaning => ({ is: 'direction', sign: -1, factor, verb: 'comparing' })
const down = (factor = 1): Meaning => ({ is: 'direction', sign: -1, factor, verb: 'changing' })
const qualifier = (factor: number): Meaning => ({ is: 'qualifier', factor })
const times = (by: number): Meaning => ({ is: 'times', by })
const count = (value: number): Meaning => ({ is: 'count', value, unit: null })
const fraction = (value: number): Meaning => ({ is: 'count', value, unit: '%' })
const unit = (name: Extract<Meaning, { is: 'unit' }>['unit']): Meaning => ({ is: 'unit', unit: name })
const separator = (strength: Extract<Meaning, { is: 'separator' }>['strength']): Meaning => ({
  is: 'separator',
  strength,
})
const place = (name: Extract<Meaning, { is: 'place' }>['place']): Meaning => ({ is: 'place', place: name })
const shape = (width: number, height: number): Meaning => ({ is: 'shape', width, height })

/** Words that shape a change: direction, degree, number, place, what to keep, and what may be passed over. */
export const plainWords: [string, Meaning][] = [
  ['more|higher|stronger|greater|extra|additional', more()],
  [
    'increase|raise|boost|bump|bump up|pump up|turn up|push|push up|lift|open up|bring up|crank|crank up|enhance|strengthen|heighten|increased|increasing|raised|dial up|ramp up|amplify|elevate|raising|boosted|jack up|kick up|step up|improve|emphasize|opened up|brought up|turned up|lifted|bumped up|bumped|dialed up|dialled up|pushed|cranked up|recover detail in the|recover',
    up(),
  ],
  ['up', { is: 'direction', sign: 1, factor: 1, verb: 'particle' }],
  ['down', { is: 'direction', sign: -1, factor: 1, verb: 'particle' }],
  ['less|lower|weaker|fewer|milder|gentler|not so|not as|not that', less()],
  [
    'chop|shave|slice|decrease|reduce|drop|lessen|diminish|turn down|tone down|bring down|pull down|weaken|dial down|dial back|decreased|reduced|reducing|lowered|lowering|minimize|tame|cut|cut down|cut down on|calm|calm down|take down|crush|deepen|pull back|hold back|suppress|ease|toned down|turned down|dialed down|dialled down|brought down|pulled down|knock down|knock|knocked down|knock back|take the edge off|lose some|take away some|take out some|remove some',
    down(),
  ],
  [
    'add|apply|give|put|pull|take|insert|place|include|overlay|adding|create|bring',
    { is: 'direction', sign: 1, factor: 1, verb: 'adding' },
  ],
  [
    'remove|lose|delete|erase|get rid of|take out|take away|eliminate|strip|clear|clean|clean up|fix|correct|cancel',
    { is: 'direction', sign: -1, factor: 1.6, verb: 'removing' },
  ],
  [
    'slightly|a bit|a little|a little bit|little|bit|subtly|subtle|gently|gentle|mildly|mild|a touch|just a touch|a tad|tad|touch|slight|faint|faintly|a shade|lightly|softly|a smidge|a smidgen|a notch|notch|a step|smidge|light touch|thin|fine|small|delicate|kind of|sort of',
    qualifier(0.5),
  ],
  [
    'a tiny bit|tiny|a hair|barely|a tiny amount|ever so slightly|very slightly|just a hair|just slightly|very subtly|just a bit|just a little',
    qualifier(0.35),
  ],
  ['somewhat|moderately|moderate|a fair bit|fairly|rather|quite a bit less than', qualifier(0.8)],
  ['quite|noticeably|visibly|clearly|quite a bit|considerably|decidedly', qualifier(1.4)],
  [
    'much|a lot|lots|lots of|very|strongly|strong|heavily|heavy|significantly|really|so much|way|far|greatly|substantially|a great deal|a good deal|big|bold|thick|intense|bigger amount|lot|hugely|well|very much|seriously|deeply|deep|dramatically|a whole lot',
    qualifier(2),
  ],
  [
    'extremely|super|drastically|massively|as much as possible|a ton|tons|incredibly|ultra|insanely|wildly|enormously|radically',
    qualifier(2.5),
  ],
  ['twice|double|two times|doubled|doubling', times(2)],
  ['triple|three times|thrice|tripled', times(3)],
  ['quadruple|four times', times(4)],
  ['half|halve|halved|by half|in half|half the|one half', times(0.5)],
  ['third|a third|one third|by a third', fraction(100 / 3)],
  ['quarter|a quarter|one quarter|by a quarter', fraction(25)],
  ['two thirds', fraction(200 / 3)],
  ['three quarters', fraction(75)],
  ['one', count(1)],
  ['two', count(2)],
  ['three', count(3)],
  ['four', count(4)],
  ['five', count(5)],
  ['six', count(6)],
  ['seven', count(7)],
  ['eight', count(8)],
  ['nine', count(9)],
  ['ten', count(10)],
  ['twelve', count(12)],
  ['fifteen', count(15)],
  ['sixteen', count(16)],
  ['twenty', count(20)],
  ['twenty five', count(25)],
  ['thirty', count(30)],
  ['forty', count(40)],
  ['forty five', count(45)],
  ['fifty', count(50)],
  ['sixty', count(60)],
  ['seventy', count(70)],
  ['eighty', count(80)],
  ['ninety', count(90)],
  ['a hundred|one hundred|hundred', count(100)],
  ['a hundred and eighty|one hundred and eighty|one hundred eighty|a hundred eighty', count(180)],
  ['%|percent|per cent|pct', unit('%')],
  ['px|pixel|pixels|pixel wide|pixels thick|pixel thick', unit('px')],
  ['degree|degrees|°|deg', unit('degrees')],
  ['half a stop|half stop|a half stop|half an ev', { is: 'count', value: 0.5, unit: 'stops' }],
  ['a third of a stop|third of a stop|one third stop', { is: 'count', value: 1 / 3, unit: 'stops' }],
  ['one and a half stops|a stop and a half', { is: 'count', value: 1.5, unit: 'stops' }],
  ['two thirds of a stop|two third stops|two thirds stop', { is: 'count', value: 2 / 3, unit: 'stops' }],
  ['a quarter of a stop|quarter of a stop|a quarter stop', { is: 'count', value: 0.25, unit: 'stops' }],
  ['three quarters of a stop', { is: 'count', value: 0.75, unit: 'stops' }],
  ['a stop|one full stop|a full stop', { is: 'count', value: 1, unit: 'stops' }],
  ['factor of|a factor of', { is: 'factor' }],
  ['vintage|old time|old timey|old fashioned|antique|retro|nostalgic|classic|old', { is: 'flavor' }],
  ['stop|stops|ev|f stop|f stops|stop of', unit('stops')],
  ['point|points|units|unit', unit('points')],
  ['shades per channel|levels per channel|levels|level|shades|steps|tones per channel', unit('levels')],
  ['x|×|fold|times', unit('times')],
  ['clockwise|to the right|cw|rightwards|right', { is: 'turn', sign: 1 }],
  [
    'counterclockwise|counter clockwise|anticlockwise|anti clockwise|ccw|to the left|leftwards|left|acw',
    { is: 'turn', sign: -1 },
  ],
  [
    'horizontally|horizontal|left to right|sideways|right to left|along the horizontal axis|horizontal axis',
    { is: 'axis', axis: 'horizontal' },
  ],
  [
    'vertically|vertical|top to bottom|bottom to top|vertical axis|along the vertical axis',
    { is: 'axis', axis: 'vertical' },
  ],
  ['top|upper|at the top|along the top', place('top')],
  ['bottom|lower part|at the bottom|along the bottom|foot|underneath|below', place('bottom')],
  ['middle|center|centered', place('center')],
  ['corner', place('corner')],
  ['square|a square format|squared|1 by 1', shape(1, 1)],
  ['widescreen|wide screen|cinematic ratio', shape(16, 9)],
  ['wide|width|in width|broad', { is: 'dimension', dimension: 'width' }],
  ['high|tall|height|in height', { is: 'dimension', dimension: 'height' }],
  [
    'longest side|long side|longest edge|long edge|longer side|on the longest side|on the long side',
    { is: 'dimension', dimension: 'longest' },
  ],
  ['and|&|plus|as well as|or|nor', separator('and')],
  [',|/|+', separator('comma')],
  ['with|, with', separator('with')],
  [
    'then|and then|next|after that|afterwards|finally|also|and also|followed by|and finally|before that|and lastly|lastly|first of all|first|firstly|, and|, then|, and then|while you are at it',
    separator('then'),
  ],
  ['but|, but|however|though|although|yet|while|whilst|except|only', separator('but')],
  ['.|;|!|?|…|。|、|，', separator('stop')],
  [':', { is: 'colon' }],
  [
    "don't|do not|dont|not|never|isn't|shouldn't|doesn't|avoid|must not|should not|mustn't|no need to|won't|can't|didn't|aren't",
    { is: 'not' },
  ],
  ['without|no|with no|instead of|rather than', { is: 'without' }],
  [
    'keep|keeping|preserve|preserving|maintain|maintaining|retain|retaining|leave|leaving|unchanged|untouched|alone|as is|as it is|as they are|intact|the same|stay|stays|remain|remains|protect',
    { is: 'keep' },
  ],
  ['too|overly|excessively|a bit too|a little too|way too|far too|much too', { is: 'too' }],
  ['enough', { is: 'enough' }],
  ['to|at|towards|toward|into|until', { is: 'level' }],
  [
    'image|picture|photo|photograph|pic|shot|whole image|whole picture|whole photo|whole thing|entire image|entire picture|entire photo|everything|it|this|overall|snap|snapshot|all over|whole|entire|scene|all|its|result|one|them|these|that|portrait photo|image overall',
    { is: 'whole' },
  ],
  [
    "i find|round it|round the image|round the picture|round the photo|the|a|an|my|our|your|please|pls|plz|make|making|can|could|would|will|you|i|i'd|we|want|wants|like you to|need|needs|would like|like to|get|have|be|look|looking|feel|feels|just|some|of the image|of the picture|of the photo|by|around|about|approximately|roughly|nice|nicely|set|adjust|change|changing|changed|edit|editing|modify|tweak|let|let's|lets|us|me|do|does|go|thanks|thank|hi|hello|hey|there|here|see|effect|filter|style|amount|amount of|level of|kinda|bit of|of|on the image|on the picture|on the photo|to the image|to the picture|to the photo|to it|in the image|in the picture|in the photo|on it|in it|around it|around the image|around the picture|around the photo|for me|convert|transform|shift|version|so that it is|so that it's|so it is|so it's|so that it looks|so it looks|that is|that looks|like it is|like it's|should|must|when|which|come out|turn out|appear|seem|quick|bring out|more of|for the image|for the picture|for the photo|need to|a more|more or less|possible|if possible|same time|at the same time|i'd like|i want|i need|i think|think|maybe|perhaps|actually|simply|now|again|both|own|as|with it|try|that's|gets|ok|okay|ask|asked|bring it|way of|tone|tone of|hint|hint of|radius|thickness|letters|lettering|blocks|block|squares|gaussian|effect of|font|style|ratio|aspect ratio|aspect|format|shape|little bit of|thing|things|done|overall look|look more|in|using|use|at all|final|photo effect|value|values|too much of|job|image's|photo's|picture's",
    { is: 'filler' },
  ],
  // What a picture is like now, where "make it" says what it shall be.
  ["is|are|was|looks|seems|appears|it is|it's|colors look|colors seem|tones look|tones seem", { is: 'state' }],
  ['in the sky', { is: 'within' }],
  [
    'on|around the|behind|inside|near|over|under|within|of the|in the|on the|of my|on my|in my|of his|of her|on his|on her',
    { is: 'within' },
  ],
  ['like|like a|like an|for|as if|as though|style of|in the style of', { is: 'like' }],
  ['because|so that|so it|since|so you can|so i can|so we can|so|in order to', { is: 'because' }],
  ['each|every|each side|all sides|every side|from each|from every|sides|all around', { is: 'each' }],
  ['size|dimensions|resolution|sized', { is: 'size' }],
  ['off|from|away', { is: 'other' }],
]
