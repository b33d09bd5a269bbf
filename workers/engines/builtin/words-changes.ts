import type { Meaning, Topic } from './lexicon.ts'

type Form = 'adjective' | 'verb' | 'noun' | 'weak'
const about = (topic: Topic, sign: number, form: Form, factor = 1): Meaning => ({
  is: 'topic',
  topic,
  sign,
  form,
  factor,
})

/** Words and phrases that name a change. Phrases are separated by bars, in American spelling, without hyphens. */
export const changeWords: [string, Meaning][] = [
  ['brightness|lightness|luminosity|luminance|light level|amount of light', about('brightness', 0, 'noun')],
  [
    'brighten|brightening|brightened|lighten|lightening|lightened|lighten up|brighten up|illuminate',
    about('brightness', 1, 'verb'),
  ],
  ['brighter|lighter|brightly|better lit', about('brightness', 1, 'adjective')],
  ['bright|light|lit|light up', about('brightness', 1, 'weak')],
  ['darken|darkening|darkened|dim|dimming|dimmed|dim down', about('brightness', -1, 'verb')],
  ['darker|dimmer|dingier', about('brightness', -1, 'adjective')],
  ['dark|dimly lit', about('brightness', -1, 'weak')],
  ['underexposed', about('exposure', -1, 'weak')],
  ['overexposed|washed out highlights', about('exposure', 1, 'weak')],
  ['exposure', about('exposure', 0, 'noun')],
  ['gamma', about('gamma', 0, 'noun')],
  ['contrast', about('contrast', 0, 'noun')],
  [
    'pop the contrast|contrasty|contrastier|punchier contrast|punchy contrast|high contrast',
    about('contrast', 1, 'adjective'),
  ],
  ['flatten|flatten out', about('contrast', -1, 'verb')],
  ['flatter|low contrast', about('contrast', -1, 'adjective')],
  ['flat', about('contrast', -1, 'weak')],
  [
    'saturation|chroma|vibrance|vibrancy|color intensity|color saturation|intensity of the colors|colorfulness|vividness',
    about('saturation', 0, 'noun'),
  ],
  [
    'saturate|saturating|intensify the colors|intensify colors|enrich the colors|enrich|intensify|deepen the colors|deepen colors',
    about('saturation', 1, 'verb'),
  ],
  [
    'saturated|vivid|vibrant|colorful|more vivid|livelier|lively|vividly|richer|rich|intense colors|stronger colors|bolder colors|deeper colors|more intense colors|more color|bolder|more colors',
    about('saturation', 1, 'adjective'),
  ],
  [
    'desaturate|desaturating|mute|tone down the colors|tone down colors|wash out|wash out the colors',
    about('saturation', -1, 'verb'),
  ],
  [
    'muted|desaturated|less color|fewer colors|paler|pastel|subdued|softer colors|duller|less colorful',
    about('saturation', -1, 'adjective'),
  ],
  ['dull|drab|lifeless|pale|washed out', about('saturation', -1, 'weak')],
  ['warmth|color temperature|temperature|white balance', about('warmth', 0, 'noun')],
  [
    'warm up|warm it up|warming up|warming|warm the image up|warm the photo up|warm the picture up',
    about('warmth', 1, 'verb'),
  ],
  ['warmer|warmish', about('warmth', 1, 'adjective')],
  ['warm', about('warmth', 1, 'weak')],
  [
    'cool down|cool it down|cool off|cooling|cool it off|cool the image down|cool the photo down|cool the picture down|chill',
    about('warmth', -1, 'verb'),
  ],
  ['cooler|colder|chillier|icier', about('warmth', -1, 'adjective')],
  ['cool|cold|icy|chilly', about('warmth', -1, 'weak')],
  ['tint|tinge|color cast|cast|color tint|color wash', about('tint', 0, 'noun')],
  ['tinted|tinting', about('tint', 1, 'verb')],
  ['hue|hues', about('hue', 0, 'noun')],
  [
    'highlights|highlight|whites|bright areas|brightest areas|bright parts|brightest parts|lights',
    about('highlights', 0, 'noun'),
  ],
  [
    'recover highlights|recover the highlights|recover blown highlights|recover the blown highlights',
    about('highlights', -1, 'verb'),
  ],
  [
    'shadows|shadow|blacks|dark areas|darkest areas|dark parts|darkest parts|shadow areas|darks',
    about('shadows', 0, 'noun'),
  ],
  [
    'deeper blacks|blacks deeper|deeper shadows|shadows deeper|darker blacks|richer blacks|deepen the shadows|deepen the blacks|deepen shadows|deepen blacks',
    about('shadows', -1, 'adjective'),
  ],
  ['sharpness|acutance|crispness|sharpening', about('sharpness', 0, 'noun')],
  ['sharpen|sharpen up|crispen|sharpened', about('sharpness', 1, 'verb')],
  ['sharper|crisper|crispier|better focused|more in focus', about('sharpness', 1, 'adjective')],
  ['sharp|crisp|in focus', about('sharpness', 1, 'weak')],
  ['soften|softening|soft focus', about('sharpness', -1, 'verb')],
  // A blur is meant to be seen: twice what softening is.
  ['blur|defocus|blurring|gaussian blur|blur effect|smudge|out of focus', about('sharpness', -1, 'verb', 2)],
  ['softer|blurrier|fuzzier|less sharp', about('sharpness', -1, 'adjective')],
  ['blurred', about('sharpness', -1, 'adjective', 2)],
  ['soft|fuzzy', about('sharpness', -1, 'weak')],
  ['blurry', about('sharpness', -1, 'weak', 2)],
  ['noise|speckle|speckles|noisiness', about('noise', 0, 'noun')],
  ['denoise|despeckle|noise reduction|denoising|smooth|smooth out|reduce noise', about('noise', -1, 'verb')],
  ['smoother|cleaner|less noisy|less grainy', about('noise', -1, 'adjective')],
  ['noisier', about('noise', 1, 'adjective')],
  ['noisy|speckled', about('noise', 1, 'weak')],
  ['grain|film grain|graininess', about('grain', 0, 'noun')],
  ['grainier', about('grain', 1, 'adjective')],
  ['grainy', about('grain', 1, 'weak')],
  [
    'vignette|vignetting|vignette effect|darkened edges|darkened corners|dark corners|dark edges',
    about('vignette', 0, 'noun'),
  ],
  [
    'darken the corners|darken the edges|darken corners|darken edges|darker corners|darker edges|vignetted|darken the borders',
    about('vignette', 1, 'verb'),
  ],
  [
    'black and white|black & white|b & w|b and w|bw|b w|monochrome|monochromatic|grayscale|gray scale|mono|gray|black white|shades of gray|colorless|noir',
    about('mono', 1, 'verb'),
  ],
  [
    'fully desaturate|desaturate completely|desaturate fully|completely desaturate|desaturate it completely|desaturate it fully',
    about('mono', 1, 'verb'),
  ],
  [
    'remove all color|remove all the color|remove the color|remove all colors|remove the colors|remove color|drain the color|strip the color|take out the color|take the color out',
    about('mono', 1, 'verb'),
  ],
  ['sepia|sepia tone|sepia toned|sepia tint|sepia filter|sepia effect|sepia look', about('sepia', 1, 'verb')],
  [
    'invert|invert the colors|invert colors|inverted|negative|color negative|photo negative|photographic negative|film negative|negate|inverse|reverse the colors|reverse colors|invert all the colors|invert all colors',
    about('invert', 1, 'verb'),
  ],
  [
    'posterize|posterized|posterizing|posterization|posterize effect|poster effect|solid tones',
    about('posterize', 1, 'verb'),
  ],
  [
    'chunky pixels|big pixels|blocky pixels|large pixels|pixelate|pixelated|pixelize|pixelized|pixelating|pixelation|mosaic|pixellate|pixellated|pixel art|pixelate effect|blocky',
    about('pixelate', 1, 'verb'),
  ],
  ['rotate|rotated|rotating|rotation|spin|twist', about('rotate', 1, 'verb')],
  ['upside down|on its head|quarter turn|a quarter turn|half turn|a half turn|on its side', about('turn', 1, 'noun')],
  ['turn', about('turn', 1, 'verb')],
  [
    'straighten|straightened|level the horizon|straighten the horizon|tilt|straighten up',
    about('straighten', 1, 'verb'),
  ],
  ['flip|flipped|mirror|mirrored|mirror image|reflect|flipping|mirroring|flop', about('flip', 1, 'verb')],
  [
    'crop|cropped|cropping|trim|cut off|cut away|chop off|crop off|trim off|crop away|square it|cut to|zoom in on|zoom into|zoom in to|zoom in',
    about('crop', 1, 'verb'),
  ],
  ['resize|resized|scale|rescale|scaled|resizing|resample', about('resize', 0, 'verb')],
  [
    'as big|as large|as wide|enlarge|upscale|scale up|bigger|larger|upsize|upsample|make bigger|enlarged',
    about('resize', 1, 'verb'),
  ],
  ['as small|shrink|downscale|scale down|smaller|downsize|downsample|shrunk|size down', about('resize', -1, 'verb')],
  ['border|frame|bordered|framed|borders|surround|edging', about('border', 1, 'noun')],
  [
    'caption|captioned|title|text|label|watermark|write|words|word|writing|captions|that says|saying|that reads|subtitle|inscription',
    about('caption', 1, 'noun'),
  ],
  ['pop|punchy|punchier|punch|stand out|pop more', about('pop', 1, 'adjective')],
  ['fade|faded', about('fade', 1, 'adjective')],
  ['color|colors|coloring|tones|color tones|hues and tones', about('color', 0, 'noun')],
]
